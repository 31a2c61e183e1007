PRAGMA application_id=1449748329;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE attempt (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	shard INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	outcome TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	took_s FLOAT NOT NULL
);
INSERT INTO "attempt" VALUES(1,0,'1/1/opened/third/1','2026-03-01 12:00:00.000000','retry','HTTP 503',0.0);
CREATE TABLE channel_state (
	shard INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	json TEXT NOT NULL, 
	PRIMARY KEY (shard, id)
);
INSERT INTO "channel_state" VALUES(0,'x','{"id":"x","health":{"availability":"unknown","risk":"none","confirmed":true,"score":1.0,"penalties":{},"reasons":[],"risk_reasons":[],"unknowns":[],"evidence":[],"admitted":false,"diverges":false,"stale":false},"since":null,"risk_since":null,"good_since":null,"risk_good_since":null,"unknown_since":null,"changes":[],"unstable_since":null,"admitted":false,"diverged_since":null,"last_known":null}');
CREATE TABLE decision (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	shard INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	code TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	incident TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	text TEXT NOT NULL, 
	evidence TEXT NOT NULL
);
INSERT INTO "decision" VALUES(1,0,'2026-03-01 12:00:00.000000','fired','x','1','','fired','["x/1#page"]');
CREATE TABLE incident (
	shard INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	condition TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	severity INTEGER NOT NULL, 
	opened DATETIME NOT NULL, 
	resolved DATETIME, 
	json TEXT NOT NULL, 
	PRIMARY KEY (shard, id)
);
INSERT INTO "incident" VALUES(0,'1','x','availability','open',3,'2026-03-01 12:00:00.000000',NULL,'{"id":"1","scope":"x","condition":"availability","phase":"open","severity":3,"channels":["x"],"opened":"2026-03-01T12:00:00Z","firing":null,"revision":1,"resolved":null,"reasons":["the page says so"],"peak":0,"peak_reasons":[],"peak_channels":0,"family":null,"unseen":false,"unstable":false,"notify_at":null,"reopened":null,"told":[],"lead_s":null,"subject":""}');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('sentinel','vigie');
INSERT INTO "meta" VALUES('created','2026-03-01T12:00:00+00:00');
INSERT INTO "meta" VALUES('id','677c438a-89b7-4b42-9b57-28fc5f81bae5');
CREATE TABLE monitor_state (
	shard INTEGER NOT NULL, 
	json TEXT NOT NULL, 
	PRIMARY KEY (shard)
);
INSERT INTO "monitor_state" VALUES(0,'{"shard":0,"sequence":1,"started":null,"settled":false,"blind_since":null,"blind_checked":null,"blind_recheck":null,"waiting":0}');
CREATE TABLE observation (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	shard INTEGER NOT NULL, 
	probe TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	failed BOOLEAN NOT NULL, 
	json TEXT NOT NULL, 
	bodies BLOB NOT NULL
);
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	shard INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	incident TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	step TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	message TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	expires DATETIME NOT NULL, 
	critical BOOLEAN NOT NULL, 
	state TEXT NOT NULL, 
	due DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	repeat BOOLEAN NOT NULL, 
	lease_owner TEXT NOT NULL, 
	lease_until DATETIME, 
	last_error TEXT NOT NULL, 
	CONSTRAINT outbox_key UNIQUE (shard, "key")
);
INSERT INTO "outbox" VALUES(1,0,'1/1/opened/first/1','1',1,'opened','first/1','{"title":"about 1/1/opened/first/1","symbol":"!","paragraphs":[["Why","because"]],"links":[]}','2026-03-01 12:00:00.000000','2026-03-01 16:00:00.000000',1,'leased','2026-03-01 12:00:00.000000',1,0,'earlier','2026-03-01 12:02:00.000000','');
INSERT INTO "outbox" VALUES(2,0,'1/1/opened/second/1','1',1,'opened','second/1','{"title":"about 1/1/opened/second/1","symbol":"!","paragraphs":[["Why","because"]],"links":[]}','2026-03-01 12:00:00.000000','2026-03-01 16:00:00.000000',0,'pending','2026-03-01 12:00:00.000000',0,0,'',NULL,'');
INSERT INTO "outbox" VALUES(3,0,'1/1/opened/third/1','1',1,'resolved','third/1','{"title":"about 1/1/opened/third/1","symbol":"!","paragraphs":[["Why","because"]],"links":[]}','2026-03-01 12:00:00.000000','2026-03-01 16:00:00.000000',1,'retry','2026-03-01 12:01:00.000000',1,0,'',NULL,'HTTP 503');
CREATE TABLE probe_state (
	shard INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	json TEXT NOT NULL, 
	PRIMARY KEY (shard, id)
);
INSERT INTO "probe_state" VALUES(0,'x/1','{"id":"x/1","channel":"x","run_at":null,"seen_at":"2026-03-01T12:00:05Z","expires_at":null,"signals":[],"events":[],"failure":null,"recent":[],"good":null,"unreachable":false,"memory":{"n":5}}');
CREATE TABLE quarantine (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	shard INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	"row" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	json TEXT NOT NULL
);
CREATE INDEX incident_by_phase ON incident (shard, phase);
CREATE INDEX incident_by_opened ON incident (shard, opened);
CREATE INDEX decision_by_channel ON decision (shard, channel, id);
CREATE INDEX decision_by_incident ON decision (shard, incident, id);
CREATE INDEX decision_by_time ON decision (shard, at);
CREATE INDEX observation_by_probe ON observation (shard, probe, failed, id);
CREATE INDEX outbox_by_state ON outbox (state, due);
CREATE INDEX outbox_by_thread ON outbox (shard, incident, destination);
CREATE INDEX attempt_by_key ON attempt (shard, "key", id);
CREATE INDEX attempt_by_time ON attempt (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decision',1);
INSERT INTO "sqlite_sequence" VALUES('outbox',3);
INSERT INTO "sqlite_sequence" VALUES('attempt',1);
COMMIT;

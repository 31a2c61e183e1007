"""Every code that a row of the ledger can have, with its sentence: the closed list behind `vigie explain`.

The table in monitor/README.md is made from it.
"""

__all__ = ["CODES", "table"]

CODES = {
    # The house
    "configured": "The rules were taken: at a start or by a reload.",
    "settled": "Every probe has run once since the start, or 60 s have passed; what is due is told from now on.",
    "absent": "Nobody looked for more than two minutes before this start.",
    "blind_began": "Most sources are out of reach at once: outage judgement is held back.",
    "blind_ended": "We can see out again; every channel is judged anew.",
    # Sources and verdicts
    "source_unknown": "A probe's run gave no reading, where the one before did.",
    "source_back": "It gives readings again.",
    "availability_changed": "A channel's availability is another, and why.",
    "risk_changed": "A channel's risk is another, and why.",
    "diverged": "Our own calls fail while the vendor's page says well; the lead time counts from here.",
    "held_blind": "A verdict changed while we are blind, so it is not told.",
    # Incidents
    "incident_pending": "A channel is unknown; it is told if it lasts.",
    "incident_withdrawn": "A pending incident ended before it was told.",
    "incident_opened": "A trouble is one, from now on.",
    "incident_joined": "Another channel of the platform is in the same trouble; the incident is now the platform's.",
    "incident_worsened": "Its severity rose.",
    "incident_unseen": "Its evidence is no longer fresh; it stays open and neither resolves nor worsens.",
    "incident_unstable": "It keeps changing; the worse is held.",
    "incident_folded": "Its cause came to light just after it was told: from now on it is told with its cause.",
    "incident_unfolded": "Its cause is over and it still fails: it is told by itself again.",
    "incident_resolved": "All of its channels have been well for long enough, or are no longer watched.",
    "incident_reopened": "The same trouble again, within 15 minutes.",
    "incident_closed": "The same trouble would now be a new incident.",
    "let_go": "What a person called over is well by itself by now.",
    # Why nothing is told
    "held_group_wait": "The next message waits for what may belong to it.",
    "held_settling": "The next message waits until every probe has run once.",
    "held_silence": "A silence holds a channel of it back.",
    "held_depends": "What a channel of it rests on is out, and that is told instead.",
    "held_maintenance": "Work of our own is under way.",
    "held_interval": "Its route is quiet at this time.",
    "held_quiet": "The person has quiet hours: it comes with the next digest.",
    "held_ended": "What held it back is over.",
    "not_told_nobody": "No receiver is configured that could be told.",
    "not_told_gone": "A destination that had been told left the configuration.",
    # Who is called
    "routed": "A route of the tree takes the incident: its receiver, and the policy that follows.",
    "next_method": "A person is not reached; the next contact method is tried.",
    "unreachable": "A recipient has no contact method left for this.",
    "all_failing": "Nobody who was called can be reached, so the next are called at once.",
    "step_skipped": "Nobody is behind a step of the policy; the next is taken at once.",
    "nobody_left": "There is nobody else to call.",
    "told_opened": "A destination hears of it for the first time.",
    "told_worse": "It hears that it got worse.",
    "told_joined": "It hears of the channels that joined.",
    "told_reopened": "It hears that the trouble is back, after it had heard of the end.",
    "told_unheld": "What held it back is gone and it still stands.",
    "told_repeat": "It is still open and nobody took it.",
    "told_escalated": "A recipient is called because nobody before took it.",
    "told_next_method": "A recipient is told by its next contact method, for the one before does not deliver.",
    "told_also": "A recipient is told by another contact method too, for nobody took it for so long.",
    "told_acknowledged": "Whoever was told hears who took it.",
    "told_lapsed": "Whoever was told hears that the taking has lapsed.",
    "told_handed_over": "It is handed to a recipient: by a handoff, or by a person.",
    "told_resolved": "It hears of the end.",
    "told_handoff": "Somebody comes on call, and gets a test page.",
    "told_duty": "The daily reminder of who is on call.",
    "told_announced": "Work that a vendor announced falls into a launch.",
    "told_report": "News of low severity, for the digest.",
    "told_drill": "A way to people is tried.",
    "told_down": "People hear from when to when nobody looked.",
    # What people did
    "acknowledged": "A person took it; calls and repeats stop.",
    "taken_over": "Another person took it over.",
    "snoozed": "A person put it off.",
    "snooze_over": "The time for which it was put off is over.",
    "resolved_by_hand": "A person called it over.",
    "noted": "A person wrote a note.",
    "ack_lapsed": "Whoever took it has not confirmed in time; calling is taken up again.",
    "ack_undone": "It got worse, so that people are called again; its owner stays.",
    "silenced": "A person made or changed a silence.",
    "unsilenced": "A person ended a silence.",
    "silence_ended": "A silence ended: its time, or its trouble, is over.",
    "overridden": "A person changed a schedule.",
    "restored": "A person took a change of a schedule back.",
    "drilled": "A person had a way to people tried.",
    # Schedules
    "handoff": "Another is on call.",
    "imported": "A schedule was read from its calendar, for the first time or after failures.",
    "import_failed": "It could not be read; the last good copy stands.",
    # What became of messages
    "delivered": "A message arrived.",
    "rejected": "The receiver refused it: a dead letter.",
    "expired": "It could not be delivered within its time: a dead letter.",
    "unknown": "A message went out twice and no answer came; it may have arrived or not.",
}


def table() -> str:
    """The codes as a Markdown table."""
    rows = [f"| `{code}` | {sentence} |" for code, sentence in CODES.items()]
    return "\n".join(["| code | says |", "|---|---|", *rows])

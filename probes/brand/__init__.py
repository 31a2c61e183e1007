"""Brand-safety risk: adverse mentions, impersonation, moderation cuts, bans."""

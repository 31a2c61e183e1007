"""``make demo``: a recorded day in about two minutes, without internet and without an account.

The daemon is the real one, a process of its own with its own configuration and store. Around it stand a world that
speaks the vendors' formats over loopback HTTP (`world`, `payloads`) and a mailbox that speaks SMTP (`inbox`); `story`
says what happens in the world, and what Vigie must make of it.
"""

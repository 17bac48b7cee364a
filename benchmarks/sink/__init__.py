"""What a sink costs SkyPortal, beside what it replaces and beside a loop that guarantees nothing.

``alerts`` makes the records, ``portal`` the stand-in SkyPortal; ``predecessor``, ``ideal`` and ``sinks`` deliver them;
``account`` counts what SkyPortal's own log says; ``contest`` is one measurement and ``limited``, ``unlimited`` and
``growth`` are all of them.
"""

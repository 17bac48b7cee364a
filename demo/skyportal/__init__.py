"""A SkyPortal that answers as version 1.4.0 was measured to, in a process of its own.

``process.SkyPortal`` starts one and ``client.Control`` looks into it and breaks it. Inside the server, ``app`` takes a
request through nginx's rules, the faults in force, authentication and the endpoint; ``endpoints`` is the table of all
endpoints.
"""

"""HTTP and Socket.IO in, service calls out.

``auth`` says who someone is, ``security`` what every response carries, ``pages``, ``api`` and ``sockets`` are the
ways in. Nothing here decides what an interview is; that is ``interviews``.
"""

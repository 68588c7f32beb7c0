"""The administrator's web page: who may see it, and what it says; the runtime has its sockets."""

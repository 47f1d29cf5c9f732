"""The supervisor's end of the control socket: who may connect, what is asked, and who answers."""

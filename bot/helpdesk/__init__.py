"""Help desks outside of this one: what every adapter does, and one for Chatwoot. Off unless set up."""

"""The rooms: one use case per right, without chat and without web."""

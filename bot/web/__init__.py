"""The only public door: sessions, messages, pages."""

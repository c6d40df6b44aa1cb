"""Says who is on air in a programme's slots to those who carry the programme further."""

from media.programme import Programme


class Herald:
    """Looks when it is told to, and speaks when something changed."""

    def look(self, programme: Programme) -> None:
        """Called before every frame that is passed on, and now and then."""
        if programme.look():
            self.tell(programme)

    def tell(self, programme: Programme) -> None:
        if programme.outlet is not None:
            programme.outlet.tell(programme.air)

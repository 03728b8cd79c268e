from datetime import datetime
from typing import NamedTuple


class Particulars(NamedTuple):
    """What those who come rely on. Templates show it as they show an event."""

    starts_at: datetime
    ends_at: datetime
    format: str
    venue: str
    address: str
    online_url: str
    sequence: int

    @property
    def when(self) -> tuple[datetime, datetime]:
        """To the minute, as people are told."""
        return self.starts_at.replace(second=0, microsecond=0), self.ends_at.replace(second=0, microsecond=0)

    @property
    def where(self) -> tuple[str, str, str]:
        """The room of an event that takes place online is nobody's business."""
        return (self.format, "", "") if self.format == "en-ligne" else (self.format, self.venue, self.address)

    def is_as(self, other: "Particulars") -> bool:
        return (self.when, self.where, self.online_url) == (other.when, other.where, other.online_url)

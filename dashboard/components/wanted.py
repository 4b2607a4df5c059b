"""Which faces the Library shows, in which order and on which page, as its address says it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from dashboard.components import uploads
from dashboard.library.finding import by_number, find
from dashboard.library.records import FaceRecord
from dashboard.web.prefix import at
from dashboard.words import word

PAGE = 96  # faces on a page: whole rows, of two to four, six and eight
ANY = " "  # what a choice has for 'any': no person, tag or network is a space, and '' would be shown as nothing
SORTS = {
    "newest": word("Newest first"),
    "oldest": word("Oldest first"),
    "name": word("By name"),
    "network": word("By network"),
    "doubtful": word("Most doubtful first"),
}


@dataclass(frozen=True)
class Wanted:
    """Which faces are shown, and how; each field is a part of the page's address unless it is the default."""

    find: str = ""
    sort: str = "newest"
    person: str = ""
    tag: str = ""
    network: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> "Wanted":
        """Read it from an address; what makes no sense there is as if it were not."""
        given = {f.name: str(query[f.name]) for f in fields(cls) if query.get(f.name) not in (None, ANY)}
        page = given.pop("page", "")
        found = cls(**given, page=max(1, int(page)) if re.fullmatch(r"\d{1,6}", page, re.ASCII) else 1)
        return found if found.sort in SORTS else replace(found, sort="newest")

    @property
    def query(self) -> str:
        """What stands in the address."""
        default = asdict(Wanted())
        return urlencode({name: value for name, value in asdict(self).items() if value != default[name]})

    def address(self, page: int) -> str:
        """Return the address of one of its pages."""
        query = replace(self, page=page).query
        return at(f"/library?{query}" if query else "/library")

    def among(self, all_faces: Sequence[FaceRecord]) -> list[FaceRecord]:
        """Return those of the faces, newest first, that are wanted, in the order that is."""
        found = [
            face
            for face in find(all_faces, self.find)
            if (not self.person or face.person == self.person)
            and (not self.tag or self.tag in face.tags)
            and (not self.network or face.network == self.network)
        ]
        if self.sort == "oldest":
            return found[::-1]
        if self.sort == "name":
            return sorted(found, key=lambda face: by_number(face.name))
        if self.sort == "network":
            return sorted(found, key=lambda face: uploads.title(face.network).casefold())
        if self.sort == "doubtful":  # a photo without a face has no score, and no doubt
            return sorted(found, key=lambda face: 2.0 if face.score is None else face.score)
        return found

    def page_of(self, found: Sequence[FaceRecord]) -> list[FaceRecord]:
        """Return those on its page, of all that are wanted."""
        return list(found[(self.page - 1) * PAGE : self.page * PAGE])

    def within(self, count: int) -> "Wanted":
        """Return it on a page that there is, of so many faces: the last one, where they became fewer."""
        return replace(self, page=min(self.page, pages(count)))


def pages(count: int) -> int:
    """Return how many pages so many faces fill."""
    return max(1, -(-count // PAGE))

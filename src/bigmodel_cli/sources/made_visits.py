"""Visits that are made up, as texts of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_KINDS = ("bakery", "bar", "cinema", "gallery", "library", "market", "museum", "park", "pool", "theatre")
_DISTRICTS = ("Eastside", "Harbour", "Hillside", "Old Town", "Riverside", "Station")
_BEGIN, _DAYS = "2025-01-01", 180
# How many tastes of the first kind somebody has; the share of visits to where one goes from the last place.
_TASTE, _FOLLOWING, _FOLLOWERS = 0.25, 0.35, 3
# How long a place stays known, in days, and how much better known the best known ones are.
_KNOWN_FOR, _FAME = 45.0, 1.2
_NOISE = 0.7


@dataclass(frozen=True)
class Made:
    """Visits of some users to some places; they are always the same ones.

    Attributes:
        num_users: How many users there are.
        num_places: How many places.
        num_visits: How many visits.
    """

    num_users: int
    num_places: int
    num_visits: int

    def files(self) -> Mapping[str, str]:
        """The tables as CSV, by the names of their files."""
        import numpy as np

        random = np.random.default_rng([0, self.num_users, self.num_places, self.num_visits])
        kinds = random.integers(len(_KINDS), size=self.num_places)
        districts = random.integers(len(_DISTRICTS), size=self.num_places)
        rows = [
            f"place_{number},{_KINDS[kind]},{_DISTRICTS[district]}"
            for number, (kind, district) in enumerate(zip(kinds.tolist(), districts.tolist(), strict=True), 1)
        ]
        places = "\n".join(["place,kind,district", *rows, ""])
        return {"visits.csv": self._visits(random, kinds, districts), "places.csv": places}

    def _visits(self, random: np.random.Generator, kinds: np.ndarray, districts: np.ndarray) -> str:
        import numpy as np

        tastes = random.dirichlet(np.full(len(_KINDS), _TASTE), self.num_users)
        homes = random.integers(len(_DISTRICTS), size=self.num_users)
        active = random.pareto(1.5, self.num_users) + 0.3
        fame = random.lognormal(0, _FAME, self.num_places)
        quality = random.normal(0, 0.6, self.num_places)
        opened = random.uniform(-_KNOWN_FOR, _DAYS, self.num_places)
        followers = random.integers(self.num_places, size=(self.num_places, _FOLLOWERS))
        days = np.sort(random.uniform(0, _DAYS, self.num_visits))
        users = random.choice(self.num_users, self.num_visits, p=active / active.sum())
        follows, chances = random.random(self.num_visits) < _FOLLOWING, random.random(self.num_visits)
        noise = random.normal(0, _NOISE, self.num_visits)
        liked = tastes[:, kinds] + 0.02 * (homes[:, None] == districts)
        last, rows = np.full(self.num_users, -1), []
        moments = np.datetime64(_BEGIN) + (days * 86_400).astype("timedelta64[s]")
        # How well places are known changes by the day.
        today, known = -1, fame
        for number, user in enumerate(users.tolist()):
            if int(days[number]) != today:
                today = int(days[number])
                age = today - opened
                known = fame * np.where(age < 0, 0, np.exp(-np.maximum(age, 0) / _KNOWN_FOR))
            if follows[number] and last[user] >= 0:
                place = int(followers[last[user], int(chances[number] * _FOLLOWERS)])
            else:
                shares = np.cumsum(known * liked[user])
                place = int(
                    np.searchsorted(shares, chances[number] * shares[-1]).clip(max=self.num_places - 1)
                )
            last[user] = place
            liking = 3 + 1.5 * min(1.0, 2 * tastes[user, kinds[place]]) - 0.5 + quality[place] + noise[number]
            rating = int(np.clip(round(liking), 1, 5))
            rows.append(f"user_{user + 1},place_{place + 1},{moments[number]},{rating}")
        return "\n".join(["user,place,time,rating", *rows, ""])

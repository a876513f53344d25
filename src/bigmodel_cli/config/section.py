"""What every mapping of the config with keys of ours is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

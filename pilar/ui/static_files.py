"""Style sheets, scripts and pictures: named by their content and compressed, once they are collected."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise's storage; where nobody has run `collectstatic`, files keep their names and are sent as they lie."""

    def stored_name(self, name: str) -> str:
        """Return the name with the hash of the file's content. Raises ValueError for a file that was not collected."""
        return super().stored_name(name) if self.hashed_files else name

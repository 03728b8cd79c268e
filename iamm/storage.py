from whitenoise.storage import CompressedManifestStaticFilesStorage


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):
    pass

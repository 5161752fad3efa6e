"""Attestations: signatures, statements and bills of materials that go with a release."""

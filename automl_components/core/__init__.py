"""What the five words mean: artifacts, components, settings, catalogs; no machine learning here."""

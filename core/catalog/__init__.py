"""What an item is; reading, checking, querying and exporting catalogs."""

from core.catalog.catalog import Catalog, catalog_directory, load_catalog, write_catalog
from core.catalog.roles import Role

__all__ = ["Catalog", "Role", "catalog_directory", "load_catalog", "write_catalog"]

"""How the tables of the store came about, run by Alembic."""

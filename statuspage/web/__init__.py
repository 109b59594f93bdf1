"""The site. Every public page is bytes made ahead of the request: the bundle is the site.

Snapshot → present (values for templates) → render (bytes) → bundle (a folder) → shown (a table in memory) →
middleware (answers before Flask). Flask has the rest: health, errors, later forms and staff.
No public GET reads the database, and no page carries an inline script, an inline style or a foreign address.
"""

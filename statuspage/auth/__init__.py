"""Who may come in: passwords, codes, one-time links, and the keys that keep them.

Nothing here knows of HTTP, and nothing here is stored as it was typed or shown: a password becomes argon2id, a
seed of codes is encrypted under the site's secret key, and of sessions, tokens and links the store gets a hash.
Whoever may not come in learns nothing else than that: not whether the name exists, nor which part was wrong.
"""

"""The daily mail that tells owners what is theirs: who reads it, what it says, and in which words.

Imports the rest of amends_platform; jinja2 and Babel only where a mail is written. The notifier sends it.
Start in `readers`, the file that names them; then `queue` (what is whose) and `writing` (the mail).
"""

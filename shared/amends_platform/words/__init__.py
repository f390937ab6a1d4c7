"""Everything that is shown to people, in English and in Simplified Chinese: texts, terms, sentences, lengths, times.

Imports amends_domain, and Babel inside functions, where a language or a number needs it; nothing else of the platform.
Start at `vocabulary`; a message is written where it is used, in English, and translated in `zh.po` (`make words`).
"""

from __future__ import annotations

from amends_platform.words.languages import LANGUAGES, language_of
from amends_platform.words.vocabulary import Words, message, words

__all__ = ["LANGUAGES", "Words", "language_of", "message", "words"]

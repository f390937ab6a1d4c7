"""What a month was, in numbers: one pure fold over cases. docs/measures.md defines every one of them.

Imports the domain only. A case's contribution is a bag of counts; bags add up in any order, and can be taken back.
Start at `contribution`; a file a subject says what a case adds, `figuring` makes figures of the sum, `pack` a report.
"""

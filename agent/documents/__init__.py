"""Documents that answers are looked up in: read, kept, searched by words and by meaning.

    library = await asyncio.to_thread(open_library, options.documents, options)   # .library
    found = await library.search("when do you open", context=last_answer, limit=options.passages)
    message = quoted(found, max_chars=options.max_chars)                          # .quoting
    page = sources(found)                                 # [{"title", "path", "extract"}]

`sources.py` lists what there is, `formats/` reads it, `store.py` keeps it on the disk by content,
`ranking.py` finds by words, `embedding/` by meaning, `lookup.py` puts both together.
"""

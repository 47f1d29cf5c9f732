def front_matter(text):
    return {}, text

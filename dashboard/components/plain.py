"""A page without scripts, for what stands before the app: its words in the reader's language, its look the app's."""

from flask import render_template_string

from dashboard.web.bundle import boot, styles
from dashboard.web.prefix import at
from dashboard.words.language import current_language

_PAGE = """<!DOCTYPE html>
<html lang="{{ language }}" data-prefix="{{ prefix }}">
  <head>
    <meta charset="UTF-8">
    <title>{{ title }} &ndash; Lifemask</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="theme-color" content="#f5f1ea" media="(prefers-color-scheme: light)">
    <meta name="theme-color" content="#1b1c1e" media="(prefers-color-scheme: dark)">
    <script>{{ boot|safe }}</script>
    <link rel="icon" href="{{ prefix }}/assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="{{ prefix }}/bundle/{{ styles }}">
  </head>
  <body>
    <header class="header"><div class="header-inner"><a href="{{ prefix }}/" class="brand">Lifemask</a></div></header>
    <main class="page plain">
      <h1>{{ title }}</h1>
      {% if text %}<p class="lead">{{ text }}</p>{% endif %}
      {% if wrong %}<p class="warning" role="alert" id="wrong">{{ wrong }}</p>{% endif %}
      {% if action %}
      <form method="post" action="{{ prefix }}{{ action }}">
        {% for name, value in hidden.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
        {% if field %}
        <div class="field">
          <label for="field">{{ field.label }}</label>
          <input id="field" class="form-control" name="{{ field.name }}" type="{{ field.type }}" required autofocus
            autocomplete="{{ field.complete }}" autocapitalize="none" spellcheck="false"
            {% if wrong %}aria-invalid="true" aria-describedby="wrong"{% endif %}>
        </div>
        {% endif %}
        <div class="row-of">
          <button class="btn btn-primary">{{ button }}</button>
          {% if other %}<a class="btn btn-quiet" href="{{ prefix }}/">{{ other }}</a>{% endif %}
        </div>
      </form>
      {% endif %}
    </main>
  </body>
</html>
"""


def page(
    title: str, *, text: str = "", wrong: str = "", action: str = "", button: str = "", other: str = "",
    field: dict[str, str] | None = None, hidden: dict[str, str] | None = None,
) -> str:  # fmt: skip
    """Return the document.

    wrong : what was wrong with what was sent. action : the path to which the form goes, where there is one. button :
    sends it. other : words of a link that leads into the app instead. field : label, name, type and complete of an
    input. hidden : what the form carries along.
    """
    return render_template_string(
        _PAGE, language=current_language(), prefix=at(""), boot=boot(), styles=styles().name, title=title, text=text,
        wrong=wrong, action=action, button=button, other=other, field=field, hidden=hidden or {},
    )  # fmt: skip

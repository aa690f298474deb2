"""What the domain refuses is shown where it was filled in."""

from django import forms

from pilar.kernel.problems import Problem


def blame(form: forms.Form, problem: Problem) -> None:
    """Show a refusal of the domain beside the field it is about."""
    for field, sentence in problem.fields.items():
        form.add_error(field if field in form.fields else None, sentence)
    if not problem.fields:
        form.add_error(None, problem.detail)

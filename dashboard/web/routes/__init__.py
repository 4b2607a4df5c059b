"""The REST paths: photos in, files out, runs and health. Errors are {"error": sentence}."""

from flask import Blueprint

from dashboard.web.routes import (
    bundle,
    changes,
    comparisons,
    description,
    errors,
    faces,
    metrics,
    photos,
    ready,
    root,
    runs,
    workspace,
)

blueprint = Blueprint("api", __name__)
errors.connect(blueprint)
for subject in (photos, runs, faces, comparisons, workspace, changes, description, ready, metrics, root, bundle):
    blueprint.register_blueprint(subject.blueprint)

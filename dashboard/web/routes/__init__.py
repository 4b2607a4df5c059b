"""The REST paths: photos in, files out, runs and health. Errors are {"error": sentence}."""

from flask import Blueprint

from dashboard.web.routes import comparisons, errors, faces, photos, runs, service_worker, workspace

blueprint = Blueprint("api", __name__)
errors.connect(blueprint)
for subject in (photos, runs, faces, comparisons, workspace, service_worker):
    blueprint.register_blueprint(subject.blueprint)

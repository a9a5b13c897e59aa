"""The routes of hosts, which operators use: hypervisors, services, aggregates, availability zones."""

from __future__ import annotations

from ...kernel.http import Action, Route
from .hosts import aggregates, hosts, hypervisors, services, zones

_ZONES = "os_compute_api:os-availability-zone:"
_HYPERVISORS = "os_compute_api:os-hypervisors:"
_HOSTS = "os_compute_api:os-hosts:"
_SERVICES = "os_compute_api:os-services:"
_AGGREGATES = "os_compute_api:os-aggregates:"
_ONE = "/v2.1/os-aggregates/{aggregate_id}"

ROUTES = [
    Route("GET", "/v2.1/os-availability-zone", zones.index, f"{_ZONES}list"),
    Route("GET", "/v2.1/os-availability-zone/detail", zones.detail, f"{_ZONES}detail"),
    Route("GET", "/v2.1/os-hypervisors", hypervisors.index, f"{_HYPERVISORS}list"),
    Route("GET", "/v2.1/os-hypervisors/detail", hypervisors.detail, f"{_HYPERVISORS}list-detail"),
    Route("GET", "/v2.1/os-hypervisors/statistics", hypervisors.statistics, f"{_HYPERVISORS}statistics", until="2.87"),
    Route("GET", "/v2.1/os-hypervisors/{key}", hypervisors.show, f"{_HYPERVISORS}show"),
    Route("GET", "/v2.1/os-hypervisors/{key}/uptime", hypervisors.uptime, f"{_HYPERVISORS}uptime", until="2.87"),
    Route("GET", "/v2.1/os-hypervisors/{key}/search", hypervisors.search, f"{_HYPERVISORS}search", until="2.52"),
    Route("GET", "/v2.1/os-hypervisors/{key}/servers", hypervisors.servers, f"{_HYPERVISORS}servers", until="2.52"),
    Route("GET", "/v2.1/os-hosts", hosts.index, f"{_HOSTS}list", until="2.42"),
    Route("GET", "/v2.1/os-hosts/{name}", hosts.show, f"{_HOSTS}show", until="2.42"),
    Route("PUT", "/v2.1/os-hosts/{name}", hosts.update, f"{_HOSTS}update", until="2.42"),
    Route("GET", "/v2.1/os-hosts/{name}/startup", hosts.power, f"{_HOSTS}start", until="2.42"),
    Route("GET", "/v2.1/os-hosts/{name}/shutdown", hosts.power, f"{_HOSTS}shutdown", until="2.42"),
    Route("GET", "/v2.1/os-hosts/{name}/reboot", hosts.power, f"{_HOSTS}reboot", until="2.42"),
    Route("GET", "/v2.1/os-services", services.index, f"{_SERVICES}list"),
    Route("PUT", "/v2.1/os-services/{service_id}", services.act, f"{_SERVICES}update", until="2.52"),
    Route("PUT", "/v2.1/os-services/{service_id}", services.update, f"{_SERVICES}update", since="2.53"),
    Route("DELETE", "/v2.1/os-services/{service_id}", services.delete, f"{_SERVICES}delete"),
    Route("GET", "/v2.1/os-aggregates", aggregates.index, f"{_AGGREGATES}index"),
    Route("POST", "/v2.1/os-aggregates", aggregates.create, f"{_AGGREGATES}create", wrap="aggregate"),
    Route("GET", _ONE, aggregates.show, f"{_AGGREGATES}show"),
    Route("PUT", _ONE, aggregates.update, f"{_AGGREGATES}update", wrap="aggregate"),
    Route("DELETE", _ONE, aggregates.delete, f"{_AGGREGATES}delete"),
    Action("add_host", f"{_ONE}/action", aggregates.add_host, f"{_AGGREGATES}add_host"),
    Action("remove_host", f"{_ONE}/action", aggregates.remove_host, f"{_AGGREGATES}remove_host"),
    Action("set_metadata", f"{_ONE}/action", aggregates.set_metadata, f"{_AGGREGATES}set_metadata"),
]

"""Network's rules, by upstream's names. https://docs.openstack.org/neutron/latest/configuration/policy.html

Upstream's `field:networks:shared=True` and its like are written here as comparisons with what the handlers put into the target.
"""

from __future__ import annotations

_ADMIN = "rule:admin_only"
_MEMBER = "(rule:admin_only) or (role:member and project_id:%(project_id)s)"
_READER = "(rule:admin_only) or (role:reader and project_id:%(project_id)s)"
_MANAGER = "(rule:admin_only) or (role:manager and project_id:%(project_id)s)"
_SERVED = "(rule:admin_only) or (rule:service_api)"
_NETWORK_MEMBER = f"{_SERVED} or role:member and rule:network_owner"
_SUBNET_MEMBER = "role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)"
_PAIRS = "(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api"
_SEEN_NETWORK = f"{_READER} or rule:service_api or rule:shared or rule:external or rule:context_is_advsvc"
_SEEN_SUBNET = (
    "role:reader and project_id:%(project_id)s or rule:shared or rule:external or (rule:admin_only) "
    "or (role:reader and rule:network_owner) or rule:service_api"
)
_SEEN_PORT = f"{_SERVED} or role:reader and rule:network_owner or role:reader and project_id:%(project_id)s"
_NOT_A_NETWORK_DEVICE = f"not rule:network_device or {_NETWORK_MEMBER}"
_GROUP_MEMBER = "(rule:admin_only) or (role:member and rule:sg_owner)"
_GROUP_READER = "(rule:admin_only) or (role:reader and rule:sg_owner)"

_FOUNDATIONS = {
    "context_is_admin": "role:admin",
    "admin_only": "rule:context_is_admin",
    "service_api": "role:service",
    "context_is_advsvc": "role:advsvc",
    "owner": "project_id:%(project_id)s",
    "admin_or_owner": "rule:context_is_admin or rule:owner",
    "network_owner": "project_id:%(network:project_id)s",
    "admin_or_network_owner": "rule:context_is_admin or project_id:%(network:project_id)s",
    "admin_owner_or_network_owner": "rule:owner or rule:admin_or_network_owner",
    "sg_owner": "project_id:%(security_group:project_id)s",
    "regular_user": "",
    "default": "rule:admin_or_owner",
    "shared": "'True':%(shared)s",
    "external": "'True':%(router:external)s",
    "network_device": "'True':%(network_device)s",
}

_NETWORKS = {
    "create_network": _MEMBER,
    "create_network:shared": _ADMIN,
    "create_network:router:external": _ADMIN,
    "create_network:is_default": _ADMIN,
    "create_network:port_security_enabled": _MEMBER,
    "create_network:provider:network_type": _ADMIN,
    "create_network:provider:physical_network": _ADMIN,
    "create_network:provider:segmentation_id": _ADMIN,
    "create_network:tags": _MEMBER,
    "get_network": _SEEN_NETWORK,
    "get_network:provider:network_type": _ADMIN,
    "get_network:provider:physical_network": _ADMIN,
    "get_network:provider:segmentation_id": _ADMIN,
    "get_network:tags": _SEEN_NETWORK,
    "update_network": _MEMBER,
    "update_network:shared": _ADMIN,
    "update_network:provider:network_type": _ADMIN,
    "update_network:provider:physical_network": _ADMIN,
    "update_network:provider:segmentation_id": _ADMIN,
    "update_network:router:external": _ADMIN,
    "update_network:is_default": _ADMIN,
    "update_network:port_security_enabled": _MEMBER,
    "update_network:tags": _MEMBER,
    "delete_network": _MEMBER,
    "delete_network:tags": _MEMBER,
}

_SUBNETS = {
    "create_subnet": "(rule:admin_only) or (role:member and rule:network_owner)",
    "create_subnet:service_types": _ADMIN,
    "create_subnet:tags": _SUBNET_MEMBER,
    "get_subnet": _SEEN_SUBNET,
    "get_subnet:tags": _SEEN_SUBNET,
    "update_subnet": _SUBNET_MEMBER,
    "update_subnet:service_types": _ADMIN,
    "update_subnet:tags": _SUBNET_MEMBER,
    "delete_subnet": _SUBNET_MEMBER,
    "delete_subnet:tags": _SUBNET_MEMBER,
    "create_subnetpool": _MEMBER,
    "create_subnetpool:shared": _ADMIN,
    "create_subnetpool:is_default": _ADMIN,
    "create_subnetpool:tags": _MEMBER,
    "get_subnetpool": f"{_READER} or rule:shared",
    "get_subnetpool:tags": f"{_READER} or rule:shared",
    "update_subnetpool": _MEMBER,
    "update_subnetpool:is_default": _ADMIN,
    "update_subnetpool:tags": _MEMBER,
    "delete_subnetpool": _MEMBER,
    "delete_subnetpool:tags": _MEMBER,
}

_PORTS = {
    "create_port": f"{_NETWORK_MEMBER} or rule:shared",
    "create_port:device_id": f"{_MEMBER} or rule:service_api",
    "create_port:device_owner": _NOT_A_NETWORK_DEVICE,
    "create_port:mac_address": _NETWORK_MEMBER,
    "create_port:fixed_ips": f"{_NETWORK_MEMBER} or rule:shared",
    "create_port:fixed_ips:ip_address": _NETWORK_MEMBER,
    "create_port:fixed_ips:subnet_id": f"{_NETWORK_MEMBER} or rule:shared",
    "create_port:port_security_enabled": _NETWORK_MEMBER,
    "create_port:binding:host_id": _SERVED,
    "create_port:binding:profile": "rule:service_api",
    "create_port:binding:vnic_type": f"{_MEMBER} or rule:service_api",
    "create_port:allowed_address_pairs": _PAIRS,
    "create_port:allowed_address_pairs:mac_address": _PAIRS,
    "create_port:allowed_address_pairs:ip_address": _PAIRS,
    "create_port:tags": f"{_MEMBER} or rule:context_is_advsvc",
    "get_port": _SEEN_PORT,
    "get_port:binding:vif_type": _SERVED,
    "get_port:binding:vif_details": _SERVED,
    "get_port:binding:host_id": _SERVED,
    "get_port:binding:profile": _SERVED,
    "get_port:tags": f"rule:context_is_advsvc or {_SEEN_PORT}",
    "update_port": f"{_SERVED} or role:member and project_id:%(project_id)s",
    "update_port:device_id": f"{_MEMBER} or rule:service_api",
    "update_port:device_owner": _NOT_A_NETWORK_DEVICE,
    "update_port:mac_address": f"{_SERVED} or role:manager and rule:network_owner",
    "update_port:fixed_ips": _NETWORK_MEMBER,
    "update_port:fixed_ips:ip_address": _NETWORK_MEMBER,
    "update_port:fixed_ips:subnet_id": f"{_NETWORK_MEMBER} or rule:shared",
    "update_port:port_security_enabled": _NETWORK_MEMBER,
    "update_port:binding:host_id": _SERVED,
    "update_port:binding:profile": "rule:service_api",
    "update_port:binding:vnic_type": f"{_SERVED} or role:member and project_id:%(project_id)s",
    "update_port:allowed_address_pairs": _PAIRS,
    "update_port:allowed_address_pairs:mac_address": _PAIRS,
    "update_port:allowed_address_pairs:ip_address": _PAIRS,
    "update_port:tags": f"{_MEMBER} or rule:context_is_advsvc",
    "delete_port": f"{_NETWORK_MEMBER} or role:member and project_id:%(project_id)s",
    "delete_port:tags": f"rule:context_is_advsvc or {_SUBNET_MEMBER}",
}

_ROUTERS = {
    "create_router": _MEMBER,
    "create_router:distributed": _ADMIN,
    "create_router:ha": _ADMIN,
    "create_router:external_gateway_info": _MEMBER,
    "create_router:external_gateway_info:network_id": _MEMBER,
    "create_router:external_gateway_info:enable_snat": _ADMIN,
    "create_router:external_gateway_info:external_fixed_ips": _ADMIN,
    "create_router:tags": _MEMBER,
    "get_router": _READER,
    "get_router:distributed": _ADMIN,
    "get_router:ha": _ADMIN,
    "get_router:tags": _READER,
    "update_router": _MEMBER,
    "update_router:distributed": _ADMIN,
    "update_router:ha": _ADMIN,
    "update_router:external_gateway_info": _MEMBER,
    "update_router:external_gateway_info:network_id": _MEMBER,
    "update_router:external_gateway_info:enable_snat": _ADMIN,
    "update_router:external_gateway_info:external_fixed_ips": _ADMIN,
    "update_router:tags": _MEMBER,
    "delete_router": _MEMBER,
    "delete_router:tags": _MEMBER,
    "add_router_interface": _MEMBER,
    "remove_router_interface": _MEMBER,
    "add_extraroutes": _MEMBER,
    "remove_extraroutes": _MEMBER,
    "create_floatingip": _MEMBER,
    "create_floatingip:floating_ip_address": _MANAGER,
    "create_floatingip:tags": _MEMBER,
    "get_floatingip": _READER,
    "get_floatingip:tags": _READER,
    "update_floatingip": _MEMBER,
    "update_floatingip:tags": _MEMBER,
    "delete_floatingip": _MEMBER,
    "delete_floatingip:tags": _MEMBER,
}

_SECURITY = {
    "create_security_group": _MEMBER,
    "create_security_group:tags": _MEMBER,
    "get_security_group": f"{_READER} or rule:shared",
    "get_security_group:tags": f"{_READER} or rule:shared",
    "update_security_group": _MEMBER,
    "update_security_group:tags": _MEMBER,
    "delete_security_group": _MEMBER,
    "delete_security_group:tags": _MEMBER,
    "create_security_group_rule": _GROUP_MEMBER,
    "get_security_group_rule": _GROUP_READER,
    "delete_security_group_rule": _GROUP_MEMBER,
}

_REST = {
    "get_quota": _MANAGER,
    "update_quota": _ADMIN,
    "delete_quota": _ADMIN,
    "get_agent": _ADMIN,
    "update_agent": _ADMIN,
    "delete_agent": _ADMIN,
    "get_availability_zone": "role:reader",
    "get_network_ip_availability": _SERVED,
    "get_service_provider": "role:reader",
}

DEFAULTS: dict[str, str] = {**_FOUNDATIONS, **_NETWORKS, **_SUBNETS, **_PORTS, **_ROUTERS, **_SECURITY, **_REST}

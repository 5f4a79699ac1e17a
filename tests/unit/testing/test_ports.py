import socket

from esb.testing.ports import free_port


def test_a_port_is_given_once_and_can_be_listened_on():
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    for port in ports[:5]:
        socket.create_server(("127.0.0.1", port)).close()

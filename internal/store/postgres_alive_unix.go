//go:build unix

package store

import (
	"net"
	"syscall"
)

// hungUp reports whether the other side has closed the connection, or says something of its own, as before it does. It waits for nothing.
func hungUp(connection net.Conn) bool {
	if wrapped, ok := connection.(interface{ NetConn() net.Conn }); ok { // TLS
		connection = wrapped.NetConn()
	}
	socket, ok := connection.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	var next [1]byte
	read := error(syscall.EAGAIN)
	err = raw.Read(func(descriptor uintptr) bool {
		_, _, read = syscall.Recvfrom(int(descriptor), next[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return err != nil || read != syscall.EAGAIN && read != syscall.EINTR
}

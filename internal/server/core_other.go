//go:build !linux

package server

// forbidCoreFiles does nothing: no other system that we build for writes core files unless it is told to.
func forbidCoreFiles() error { return nil }

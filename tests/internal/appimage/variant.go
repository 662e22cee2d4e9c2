package appimage

import (
	"strconv"
	"time"
)

// Variant says what an image's application does. The zero value fits a stack with the default health path.
type Variant struct {
	// Version tells two images apart: the application answers with it on the health path and in its report. Empty
	// means "unversioned".
	Version string
	// HealthPath is where health is asked for. Empty means /health.
	HealthPath string
	// HealthStatus is the HTTP status on the health path. 0 means 200.
	HealthStatus int
	// HealthDelay is how long an answer on the health path takes.
	HealthDelay time.Duration
	// Host is the address that the application listens on. Empty means all.
	Host string
	// Port is the port that the application listens on. 0 means the one in its variable PORT.
	Port int
	// ReadyAfter is how long it takes until the application listens.
	ReadyAfter time.Duration
	// IdleTimeout is after how long the application closes an idle connection. 0 means never.
	IdleTimeout time.Duration
	// TLS lets the application speak TLS alone.
	TLS bool
	// Allocate is how much memory the application takes at its start, in MiB.
	Allocate int
	// ExitMessage ends the application at its start, with this text and ExitCode. Empty lets it run.
	ExitMessage string
	// ExitCode is the exit code with ExitMessage. 0 is success, which no service should end with either.
	ExitCode int
	// WithoutCurl leaves out the curl that the container's own health check calls.
	WithoutCurl bool
	// Wget adds the wget that it calls instead with the setting containerHealthCheck.
	Wget bool
}

// command are the flags of the application that make it this variant.
func (v Variant) command() []string {
	var flags []string
	add := func(name, value string) { flags = append(flags, "-"+name, value) }
	if v.Version != "" {
		add("version", v.Version)
	}
	if v.HealthPath != "" {
		add("health-path", v.HealthPath)
	}
	if v.HealthStatus != 0 {
		add("health-status", strconv.Itoa(v.HealthStatus))
	}
	if v.HealthDelay != 0 {
		add("health-delay", v.HealthDelay.String())
	}
	if v.Host != "" {
		add("host", v.Host)
	}
	if v.Port != 0 {
		add("port", strconv.Itoa(v.Port))
	}
	if v.ReadyAfter != 0 {
		add("ready-after", v.ReadyAfter.String())
	}
	if v.IdleTimeout != 0 {
		add("idle-timeout", v.IdleTimeout.String())
	}
	if v.TLS {
		flags = append(flags, "-tls")
	}
	if v.Allocate != 0 {
		add("allocate", strconv.Itoa(v.Allocate))
	}
	if v.ExitMessage != "" {
		add("exit-message", v.ExitMessage)
		add("exit-code", strconv.Itoa(v.ExitCode))
	}
	return flags
}

package sandbox

import (
	"fmt"

	"mediaserver/tests/internal/awsprovider"
	"mediaserver/tests/internal/provider"
	"mediaserver/tests/internal/randomprovider"
)

// serveProviders starts the stand-in providers and returns their ports by package. They close with the
// sandbox.
func (s *Sandbox) serveProviders() (map[string]int, error) {
	ports := map[string]int{}
	for name, serve := range map[string]func() (*provider.Server, error){
		"aws": func() (*provider.Server, error) {
			return awsprovider.Serve(awsprovider.Options{Endpoint: s.ProviderEndpoint})
		},
		"random": randomprovider.Serve,
	} {
		server, err := serve()
		if err != nil {
			return nil, fmt.Errorf("serve the %s provider: %w", name, err)
		}
		s.closers = append(s.closers, server)
		ports[name] = server.Port()
	}
	return ports, nil
}

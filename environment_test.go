package main

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// TestAccountAndNetworkAreLookedUpSideBySide lets no lookup end before all have begun.
func TestAccountAndNetworkAreLookedUpSideBySide(t *testing.T) {
	for _, together := range []struct {
		lookups  []string
		settings object
	}{
		{[]string{"getCallerIdentity", "getVpc", "getZone"}, object{"domainName": "media.example.com", "hostedZoneId": "Z1"}},
		{[]string{"getCallerIdentity", "getSubnet", "getSubnet"}, object{
			"vpcId": "vpc-0123456789abcdef0", "loadBalancerSubnetIds": list{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
		}},
	} {
		var begun sync.WaitGroup
		begun.Add(len(together.lookups))
		allBegun := make(chan struct{})
		go func() {
			begun.Wait()
			close(allBegun)
		}()
		recorder := newRecorder()
		recorder.beforeLookup = func(function string) {
			if !slices.Contains(together.lookups, function) {
				return
			}
			begun.Done()
			select {
			case <-allBegun:
			case <-time.After(10 * time.Second):
				t.Errorf("%s waits for nothing else", function)
			}
		}
		if err := recorder.deploy(together.settings); err != nil {
			t.Fatal(err)
		}
	}
}

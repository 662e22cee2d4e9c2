package main

import "testing"

func TestTheDashboardOfEachPartitionIsInItsOwnConsole(t *testing.T) {
	for partition, domain := range map[string]string{
		"aws":        "console.aws.amazon.com",
		"aws-cn":     "console.amazonaws.cn",
		"aws-us-gov": "console.amazonaws-us-gov.com",
		"aws-eusc":   "console.amazonaws-eusc.eu",
	} {
		if got := consoleDomain(partition); got != domain {
			t.Errorf("the console of %s is at %s, want %s", partition, got, domain)
		}
	}
}

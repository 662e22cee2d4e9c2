package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// inventoried is a resource in the inventory, as far as these tests read it: the
// module of the other tests holds the inventory, and this one cannot import it.
type inventoried struct {
	Step               int
	Terraform, Setting string
	Type, Name         string
	Section, Why       string
	DependsOn          []string
}

// key names the resource as record.key does.
func (i inventoried) key() string { return resourceKey(i.Type, i.Name) }

// inventory is every resource that the program may register.
func inventory(t *testing.T) []inventoried {
	t.Helper()
	var content struct{ Resources []inventoried }
	if err := json.Unmarshal([]byte(read(t, "tests/internal/inventory/inventory.json")), &content); err != nil {
		t.Fatalf("read the inventory: %v", err)
	}
	return content.Resources
}

// defaultResources are the resources of a stack with default settings, by key.
func defaultResources(t *testing.T) map[string]inventoried {
	t.Helper()
	resources := map[string]inventoried{}
	for _, each := range inventory(t) {
		if each.Setting == "" {
			resources[each.key()] = each
		}
	}
	return resources
}

// combination are settings with what they bring beside the guide's resources, by key.
type combination struct {
	settings map[string]string
	brings   []string
	// changes are what waits for something else than the inventory says, which is about all settings at once.
	changes func(waits map[string][]string)
}

var combinations = map[string]combination{
	"default settings": {},
	"a certificate that AWS issues": {issuedCertificate, []string{
		"Certificate mediaserver", "CertificateValidation mediaserver", "Listener mediaserver-https",
		"Record certificate-validation", "Record mediaserver",
	}, toHTTPS("Record mediaserver")},
	"a given certificate": {givenCertificate, []string{"Listener mediaserver-https"}, func(waits map[string][]string) {
		toHTTPS()(waits)
		waits["Listener mediaserver-https"] = []string{"LoadBalancer mediaserver", "TargetGroup mediaserver"}
	}},
	"a given certificate and a zone": {givenWithAlias, []string{"Listener mediaserver-https", "Record mediaserver"}, func(waits map[string][]string) {
		toHTTPS("Record mediaserver")(waits)
		waits["Listener mediaserver-https"] = []string{"LoadBalancer mediaserver", "TargetGroup mediaserver"}
	}},
	"alarms by e-mail":           {toEmails, append(alarmKeys(), topicKeys...), withAlarms},
	"alarms by e-mail and topic": {toBoth, append(alarmKeys(), topicKeys...), withAlarms},
	"alarms by a topic elsewhere": {toTopic, alarmKeys(), func(waits map[string][]string) {
		withAlarms(waits)
		for _, alarm := range alarmKeys() {
			waits[alarm] = slices.DeleteFunc(waits[alarm], func(key string) bool { return key == "TopicPolicy alarms" })
		}
	}},
}

// topicKeys are the stack's own topic, with what belongs to it.
var topicKeys = []string{"Topic alarms", "TopicPolicy alarms", "TopicSubscription oncall@example.com"}

func alarmKeys() []string {
	var keys []string
	for _, name := range alarmNames {
		keys = append(keys, "MetricAlarm "+name)
	}
	return keys
}

// withAlarms has the service wait for the alarms that end a deployment, and the dashboard for all that it shows.
func withAlarms(waits map[string][]string) {
	waits["Service mediaserver"] = append(waits["Service mediaserver"], "MetricAlarm server-errors", "MetricAlarm unhealthy-targets")
	waits["Dashboard mediaserver"] = append(waits["Dashboard mediaserver"], alarmKeys()...)
}

// toHTTPS is the order in which a running stack goes to HTTPS: port 80 redirects only when port 443 and the name are
// there, and what needs the listener waits for the one that forwards.
func toHTTPS(beforeRedirect ...string) func(waits map[string][]string) {
	return func(waits map[string][]string) {
		for key, needed := range waits {
			if i := slices.Index(needed, "Listener mediaserver"); i >= 0 {
				waits[key][i] = "Listener mediaserver-https"
			}
		}
		waits["Listener mediaserver"] = append([]string{"Listener mediaserver-https", "LoadBalancer mediaserver"}, beforeRedirect...)
	}
}

func TestEachCombinationBringsItsResourcesWhichWaitForWhatTheyNeedAndForNothingElse(t *testing.T) {
	if guide := defaultResources(t); len(guide) != 36 {
		t.Fatalf("the inventory lists %d resources, want 36", len(guide))
	}
	for name, combination := range combinations {
		waits, types := map[string][]string{}, map[string]string{}
		for _, listed := range inventory(t) {
			if listed.Setting == "" || slices.Contains(combination.brings, listed.key()) {
				waits[listed.key()], types[listed.key()] = listed.DependsOn, listed.Type
			}
		}
		if combination.changes != nil {
			combination.changes(waits)
		}
		for _, r := range run(t, combination.settings).records {
			needed, expected := waits[r.key()]
			if !expected || types[r.key()] != r.token {
				t.Errorf("with %s there is %s, a %s, once too often or without being in the inventory", name, r.key(), r.token)
			}
			if needed = slices.Sorted(slices.Values(needed)); !slices.Equal(r.dependencies, needed) {
				t.Errorf("with %s %s waits for %v, want %v", name, r.key(), r.dependencies, needed)
			}
			delete(waits, r.key())
		}
		if len(waits) > 0 {
			t.Errorf("with %s there is none of %v", name, slices.Sorted(maps.Keys(waits)))
		}
	}
}

// TestTheInventoryHasEveryResourceThatASettingBrings tries the settings that the
// security register names, and all together.
func TestTheInventoryHasEveryResourceThatASettingBrings(t *testing.T) {
	listed := map[string]inventoried{}
	for _, each := range inventory(t) {
		listed[each.key()] = each
	}
	brought := map[string]bool{}
	for name, stack := range configurations(t, readRegister(t)) {
		for _, r := range stack.records {
			key := r.key()
			if resourceKind(r.token) == "TopicSubscription" {
				// There is one for each address, which is its name.
				key = "TopicSubscription oncall@example.com"
			}
			if each, found := listed[key]; !found || each.Type != r.token {
				t.Errorf("with %s there is %s, a %s, which is not in the inventory", name, r.key(), r.token)
			}
			brought[key] = true
		}
	}
	for key, each := range listed {
		if !brought[key] {
			t.Errorf("no setting brings %s, which the inventory has with %s", key, each.Setting)
		}
	}
}

// TestEveryTextSaysHowManyResourcesThereAre holds the number that people read.
func TestEveryTextSaysHowManyResourcesThereAre(t *testing.T) {
	want := fmt.Sprint(len(defaultResources(t)))
	stated := regexp.MustCompile(`\b([0-9]+) resources\b`)
	for _, file := range []string{"README.md", "CONTRIBUTING.md", "Makefile", "Pulumi.yaml", "main.go"} {
		numbers := stated.FindAllStringSubmatch(read(t, file), -1)
		if len(numbers) == 0 {
			t.Errorf("%s no longer says how many resources there are; take it out of this list", file)
		}
		for _, number := range numbers {
			if number[1] != want {
				t.Errorf("%s speaks of %s resources, the inventory has %s", file, number[1], want)
			}
		}
	}
}

// TestNamesAreAnInterface holds that a logical name is the guide's label: a
// renamed resource is another resource.
func TestNamesAreAnInterface(t *testing.T) {
	for key, each := range defaultResources(t) {
		_, label, _ := strings.Cut(each.Terraform, ".")
		if strings.ReplaceAll(label, "_", "-") != each.Name {
			t.Errorf("%s is not the guide's label in kebab-case: %s", key, each.Terraform)
		}
	}
}

// Package adopt brings a deployment made with Terraform into a stack. It finds the stack's resources in Terraform's
// state, compares every attribute with what the program states, and refuses what would break the application. From the
// rest it makes the file that Pulumi imports, the settings with which the program changes as little as possible, and
// the random values for the stack's state.
package adopt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// Options are what a user says about a deployment in addition to its state.
type Options struct {
	// Mappings are for resources whose addresses differ from the guide's.
	Mappings []Mapping
	// Module limits the search to one module and the modules in it. Empty for all.
	Module string
	// Accepted are differences that would be refused and that the user accepts, each as ADDRESS:ATTRIBUTE.
	Accepted []string
	// Name is the setting `name`. Empty to derive it from the names of the resources.
	Name string
	// Project is the program's project.
	Project Project
	// Ask asks AWS for the task definition that a service runs, in the form of Terraform's state. Nil to trust the state.
	Ask func(region, cluster, service string) (map[string]any, error)
}

// Adoption is a deployment that can be adopted.
type Adoption struct {
	// Matches are the resources of the stack that are in the state, in the order of the guide.
	Matches []Match
	// Missing are the resources that are not in the state: the first update makes them.
	Missing []Resource
	// Unknown are the addresses that are not resources of the stack.
	Unknown []Unknown
	// Account, Region and Partition are where the deployment is.
	Account, Region, Partition string
	// Settings are what the stack file says.
	Settings []Setting
	// Tags are the tags that all resources carry.
	Tags map[string]string
	// Differences are what the first update changes.
	Differences []Difference
	// Remarks are what the user should also check.
	Remarks []string

	project Project
	state   tfstate.State
	// problems are the reasons not to adopt the deployment as it is.
	problems []string
	// name is the setting `name`, and keptNames are the physical names that the program would not make.
	name      string
	keptNames []string
	// vpc is the VPC that everything is in. Empty if the state names none.
	vpc string
	// revision is the task definition that the service runs, as far as is known.
	revision string
	// known are the values of {KEY} in resources.yaml that are no attributes: the settings and what follows from them.
	known map[string]any
}

// Read finds the resources of the stack in a state. The error lists, one a line, every reason not to adopt the
// deployment as it is, and what to do about it.
func Read(state tfstate.State, options Options) (*Adoption, error) {
	if len(state.Managed) == 0 {
		return nil, errors.New("the state holds no resource; is it the right workspace?")
	}
	a := &Adoption{project: options.Project, state: state, known: map[string]any{}}
	a.match(options)
	if len(a.Matches) == 0 && len(a.problems) == 0 {
		a.refuse("none of its %d resources belongs to this stack; the first is %s. Is this the state of the media server?",
			len(state.Managed), state.Managed[0].Address)
	} else {
		a.findPlace()
		a.findRevision(options.Ask)
		a.deriveName(options.Name)
		a.addFacts()
	}
	a.checkData()
	// With a problem so far, the rest would be compared with the wrong settings.
	if len(a.problems) == 0 {
		a.findCommonTags()
		a.deriveSettings()
		a.compareAll(options.Accepted)
	}
	if len(a.problems) > 0 {
		return nil, errors.New(strings.Join(a.problems, "\n"))
	}
	return a, nil
}

// refuse adds a reason not to adopt the deployment, unless it was given before.
func (a *Adoption) refuse(format string, arguments ...any) {
	if problem := fmt.Sprintf(format, arguments...); !slices.Contains(a.problems, problem) {
		a.problems = append(a.problems, problem)
	}
}

// remark adds something to look at.
func (a *Adoption) remark(format string, arguments ...any) {
	a.Remarks = append(a.Remarks, fmt.Sprintf(format, arguments...))
}

// tell adds what the first update changes.
func (a *Adoption) tell(address, attribute, format string, arguments ...any) {
	change := fmt.Sprintf(format, arguments...)
	a.Differences = append(a.Differences, Difference{Address: address, Attribute: attribute, Change: change})
}

// find returns the resource that the state has for an address of the guide, and whether it has one.
func (a *Adoption) find(address string) (tfstate.Resource, bool) {
	at := slices.IndexFunc(a.Matches, func(match Match) bool { return match.Ours.Address == address })
	if at < 0 {
		return tfstate.Resource{}, false
	}
	return a.Matches[at].Theirs, true
}

// findPlace finds the account, the region and the VPC that everything is in.
func (a *Adoption) findPlace() {
	// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE; global services and buckets leave some parts empty.
	part := func(number int) func(Match) string {
		return func(match Match) string {
			parts := strings.SplitN(match.Theirs.Text("arn"), ":", 6)
			return append(parts, make([]string, 6)...)[number]
		}
	}
	a.Partition = a.only("partition", part(1))
	a.Account = a.only("account", part(4))
	a.Region = a.only("region", func(match Match) string {
		if match.Ours.Address == bucketAddress {
			return match.Theirs.Text("region")
		}
		return part(3)(match)
	})
	a.vpc = a.only("VPC", func(match Match) string { return match.Theirs.Text("vpc_id") })
	if a.Account == "" || a.Region == "" {
		a.refuse("no ARN in the state says in which account and region the deployment is; run `terraform apply -refresh-only` first")
	}
	a.known["region"], a.known["partition"] = a.Region, a.Partition
}

// only returns the value that all resources share; those without one do not count. No resource can move to another value.
func (a *Adoption) only(kind string, of func(Match) string) string {
	var first Match
	for _, match := range a.Matches {
		switch value := of(match); {
		case value == "":
		case first.Theirs.Address == "":
			first = match
		case value != of(first):
			a.refuse("%s: it is in the %s %s, but %s is in %s, and a stack has one; adopt one of them, and leave the other "+
				"to Terraform: %s or %s", match.Theirs.Address, kind, value, first.Theirs.Address, of(first),
				mapOption(first.Theirs.Address, Leave), mapOption(match.Theirs.Address, Leave))
		}
	}
	return of(first)
}

// checkData reports a missing bucket, one that sets its settings itself, and a missing JWT secret.
func (a *Adoption) checkData() {
	bucket, isFound := a.find(bucketAddress)
	if !isFound {
		a.refuse("%s: it is not in the state, and the stack would get a new, empty bucket; say which one it is with %s",
			bucketAddress, a.suggestions(bucketAddress))
	}
	// In version 3 of the AWS provider the bucket itself had these settings. Later versions still report them there, so
	// they count only if the separate resource is missing.
	for _, setting := range []struct{ attribute, address string }{
		{"cors_rule", "aws_s3_bucket_cors_configuration.media_storage"},
		{"lifecycle_rule", bucketLifecycle},
		{"server_side_encryption_configuration", "aws_s3_bucket_server_side_encryption_configuration.media_storage"},
	} {
		_, isSplit := a.find(setting.address)
		// By default a bucket is encrypted with the keys of Amazon S3.
		value := bucket.At(setting.attribute)
		if !isSplit && !isOff(value) && !strings.Contains(tfstate.Text(value), `"AES256"`) {
			a.refuse("%s: it sets %s itself, as with version 3 of the AWS provider; move that into a resource %s, then "+
				"`terraform import` it and `terraform apply`", bucket.Address, setting.attribute, setting.address)
		}
	}
	if a.jwtSecret() == "" {
		a.refuse("%s: the JWT secret is not in the state, and a new one would make every token invalid; say which parameter "+
			"it is with %s, or bring it into the state first: `terraform import %[1]s NAME`", jwtParameter, a.suggestions(jwtParameter))
	}
}

// jwtSecret is the secret that tasks read today: the value of the parameter or, if the state lacks it, the password.
func (a *Adoption) jwtSecret() string {
	parameter, _ := a.find(jwtParameter)
	if value := parameter.Text("value"); value != "" {
		return value
	}
	password, _ := a.find("random_password.jwt_secret")
	return password.Text("result")
}

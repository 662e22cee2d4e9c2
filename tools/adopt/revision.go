package adopt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"mediaserver/tools/adopt/tfstate"
)

// patience is how long AWS may take to say which revision a service runs.
const patience = 30 * time.Second

// AskECS asks Amazon ECS for the task definition that a service runs, in the form of Terraform's state.
func AskECS(ctx context.Context, region, cluster, service string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, err
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return nil, errors.New("there are no AWS credentials that work; `aws sts get-caller-identity` says more")
	}
	client := ecs.NewFromConfig(loaded)
	services, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if err != nil {
		return nil, cause(err)
	}
	if len(services.Services) == 0 {
		return nil, fmt.Errorf("the cluster %s has no service %s", cluster, service)
	}
	running := &ecs.DescribeTaskDefinitionInput{TaskDefinition: services.Services[0].TaskDefinition}
	described, err := client.DescribeTaskDefinition(ctx, running)
	if err != nil {
		return nil, cause(err)
	}
	return inTerraform(described.TaskDefinition)
}

// cause is what AWS answered, without the layers of the SDK around it.
func cause(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	return err
}

// inTerraform gives a task definition of the SDK the form that it has in Terraform's state. The table also knows what only
// AWS says about one.
func inTerraform(definition any) (map[string]any, error) {
	encoded, err := json.Marshal(definition)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := tfstate.Decode(encoded, &fields); err != nil {
		return nil, err
	}
	containers, err := json.Marshal(renamed(fields["ContainerDefinitions"], camel))
	if err != nil {
		return nil, err
	}
	attributes := renamed(fields, snake).(map[string]any)
	attributes["container_definitions"] = string(containers)
	attributes["arn"] = fields["TaskDefinitionArn"]
	return attributes, nil
}

// renamed renames the SDK's fields in a value. Maps whose keys the user chose keep them.
func renamed(value any, rename func(string) string) any {
	switch value := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for name, member := range value {
			if !slices.Contains([]string{"Options", "DockerLabels", "DriverOpts", "Labels"}, name) {
				member = renamed(member, rename)
			}
			fields[rename(name)] = member
		}
		return fields
	case []any:
		members := make([]any, len(value))
		for i, member := range value {
			members[i] = renamed(member, rename)
		}
		return members
	}
	return value
}

// camel and snake turn a name of the SDK into the API's and into Terraform's.
func camel(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func snake(name string) string {
	var written strings.Builder
	for i, letter := range name {
		if unicode.IsUpper(letter) && i > 0 {
			written.WriteByte('_')
		}
		written.WriteRune(unicode.ToLower(letter))
	}
	return written.String()
}

// findRevision makes sure that the settings come from the revision that the service runs. After a pipeline has
// deployed, the state holds an older one, and the next update would bring its image back.
func (a *Adoption) findRevision(ask func(region, cluster, service string) (map[string]any, error)) {
	service, hasService := a.find(ecsService)
	at := slices.IndexFunc(a.Matches, func(match Match) bool { return match.Ours.Address == taskDefinition })
	if at < 0 {
		return
	}
	definition := &a.Matches[at].Theirs
	stated := lastPart(definition.Text("arn"))
	a.revision = stated
	if !hasService {
		return
	}
	refused := errors.New("it was not asked")
	if ask != nil {
		running, err := ask(a.Region, lastPart(service.Text("cluster")), service.Text("name"))
		if err == nil {
			if a.revision = lastPart(tfstate.Text(running["arn"])); a.revision != stated {
				a.remark("%s: the service runs %s, and the state has %s; the settings come from the former",
					definition.Address, a.revision, stated)
				definition.Attributes = running
			}
			return
		}
		refused = err
	}
	if runs := lastPart(service.Text("task_definition")); strings.Contains(runs, ":") && runs != stated {
		a.refuse("%s: it runs the revision %s, and %s in the state is %s: the first update would bring the older one back. "+
			"The settings must come from what runs, and AWS does not say what that is: %v. Run this with credentials that may "+
			"read Amazon ECS", service.Address, runs, definition.Address, stated, refused)
		return
	}
	a.remark("%s: AWS does not say which revision it runs (%v). If a pipeline deploys, that may be a later one than %s of the "+
		"state, and the first update would bring the older one back: run this again with credentials that may read Amazon ECS",
		service.Address, refused, stated)
}

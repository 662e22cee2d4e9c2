package adopt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

// Revision is a task definition in AWS.
type Revision struct {
	ARN string
	// Attributes are its properties as Terraform's state has them.
	Attributes map[string]any
}

// patience is how long AWS may take to say which revision a service runs.
const patience = 30 * time.Second

// AskECS asks Amazon ECS which revision of the task definition a service runs.
func AskECS(ctx context.Context, region, cluster, service string) (Revision, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{}))
	if err != nil {
		return Revision{}, err
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return Revision{}, errors.New("there are no AWS credentials that work; `aws sts get-caller-identity` says more")
	}
	client := ecs.NewFromConfig(loaded)
	services, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if err != nil {
		return Revision{}, cause(err)
	}
	if len(services.Services) == 0 {
		return Revision{}, fmt.Errorf("the cluster %s has no service %s", cluster, service)
	}
	described, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: services.Services[0].TaskDefinition})
	if err != nil {
		return Revision{}, cause(err)
	}
	return revisionFrom(described.TaskDefinition)
}

// cause is what AWS answered, without the layers of the SDK around it.
func cause(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %s", answer.ErrorCode(), answer.ErrorMessage())
	}
	return err
}

// revisionFrom gives a task definition of the SDK the form that it has in Terraform's state.
func revisionFrom(definition any) (Revision, error) {
	encoded, err := json.Marshal(definition)
	if err != nil {
		return Revision{}, err
	}
	var fields map[string]any
	if err := tfstate.Decode(encoded, &fields); err != nil {
		return Revision{}, err
	}
	renamed := map[string]string{"volumes": "volume", "inference_accelerators": "inference_accelerator"}
	attributes := map[string]any{}
	for name, value := range fields {
		name = snake(name)
		if other, isRenamed := renamed[name]; isRenamed {
			name = other
		}
		attributes[name] = inForm(value, snake)
	}
	containers, err := json.Marshal(inForm(fields["ContainerDefinitions"], camel))
	if err != nil {
		return Revision{}, err
	}
	attributes["container_definitions"] = string(containers)
	// Terraform's state does not have what only AWS says about a revision.
	for _, name := range []string{
		"compatibilities", "delete_requested_at", "deregistered_at", "registered_at", "registered_by", "requires_attributes",
		"status", "task_definition_arn",
	} {
		delete(attributes, name)
	}
	arn := text(fields["TaskDefinitionArn"])
	attributes["arn"] = arn
	return Revision{arn, attributes}, nil
}

// inForm renames the SDK's fields in a value. Maps whose keys the user chose keep them.
func inForm(value any, rename func(string) string) any {
	switch value := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for name, member := range value {
			if !slices.Contains([]string{"Options", "DockerLabels", "DriverOpts", "Labels"}, name) {
				member = inForm(member, rename)
			}
			fields[rename(name)] = member
		}
		return fields
	case []any:
		members := make([]any, len(value))
		for i, member := range value {
			members[i] = inForm(member, rename)
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
func (a *Adoption) findRevision(ask func(region, cluster, service string) (Revision, error)) []string {
	service, hasService := a.find(ecsService)
	definition, hasDefinition := a.find(taskDefinition)
	a.revision = lastPart(definition.Text("arn"))
	if !hasService || !hasDefinition {
		return nil
	}
	refused := errors.New("it was not asked")
	if ask != nil {
		running, err := ask(a.Region, lastPart(service.Text("cluster")), service.Text("name"))
		if err == nil {
			a.run(running)
			return nil
		}
		refused = err
	}
	stated := lastPart(service.Text("task_definition"))
	if strings.Contains(stated, ":") && stated != a.revision {
		return []string{fmt.Sprintf("%s: it runs the revision %s, and %s in the state is %s: the first update would bring the older one back. "+
			"The settings must come from what runs, and AWS does not say what that is: %v. Run this with credentials that may read Amazon ECS",
			service.Address, stated, definition.Address, a.revision, refused)}
	}
	a.remark("%s: AWS does not say which revision it runs (%v). If a pipeline deploys, that may be a later one than %s of the state, and the first "+
		"update would bring the older one back: run this again with credentials that may read Amazon ECS", service.Address, refused, a.revision)
	return nil
}

// run uses a revision in place of the one in the state.
func (a *Adoption) run(running Revision) {
	for at, match := range a.Matches {
		if match.Ours.Address != taskDefinition || lastPart(running.ARN) == a.revision {
			continue
		}
		a.remark("%s: the service runs %s, and the state has %s; the settings come from the former",
			match.Theirs.Address, lastPart(running.ARN), a.revision)
		a.Matches[at].Theirs.Attributes = maps.Clone(running.Attributes)
		a.revision = lastPart(running.ARN)
	}
}

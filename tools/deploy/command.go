package deploy

import (
	"cmp"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

var (
	// cliServices are the AWS CLI's names of the services that the SDK names otherwise.
	cliServices = map[string]string{"elasticloadbalancingv2": "elbv2", "applicationautoscaling": "application-autoscaling"}
	// leadingOptions come first, because they say what the others are about.
	leadingOptions = []string{"Cluster", "RepositoryName", "Service", "ServiceName", "TaskDefinition", "ForceNewDeployment"}
	wordInName     = regexp.MustCompile(`[A-Z][a-z0-9]*`)
)

// command is a call, with its input, as a command of the AWS CLI.
func (r *run) command(input any) []string {
	value := reflect.ValueOf(input).Elem()
	service := path.Base(value.Type().PkgPath())
	words := []string{"aws", cmp.Or(cliServices[service], service), cliName(strings.TrimSuffix(value.Type().Name(), "Input"))}
	fields := reflect.VisibleFields(value.Type())
	slices.SortStableFunc(fields, func(a, b reflect.StructField) int { return rank(a.Name) - rank(b.Name) })
	for _, field := range fields {
		given := reflect.Indirect(value.FieldByIndex(field.Index))
		if !field.IsExported() || !given.IsValid() || given.IsZero() {
			continue
		}
		words = append(words, "--"+cliName(field.Name))
		switch given.Kind() {
		case reflect.Bool:
		case reflect.Slice:
			for i := range given.Len() {
				words = append(words, cliValue(given.Index(i).Interface()))
			}
		default:
			words = append(words, cliValue(given.Interface()))
		}
	}
	return append(words, "--region", r.outputs.region, "--output", "json")
}

// cliName is a name of the API as the AWS CLI writes it.
func cliName(name string) string {
	return strings.ToLower(strings.Join(wordInName.FindAllString(name, -1), "-"))
}

func cliValue(value any) string {
	if id, isImage := value.(ecrtypes.ImageIdentifier); isImage {
		if id.ImageDigest != nil {
			return "imageDigest=" + *id.ImageDigest
		}
		return "imageTag=" + aws.ToString(id.ImageTag)
	}
	return fmt.Sprint(value)
}

func rank(name string) int {
	if at := slices.Index(leadingOptions, name); at >= 0 {
		return at
	}
	return len(leadingOptions)
}

package cli

import (
	"sallyport/internal/api"
	"sallyport/internal/command"
)

// The options that every operation has beside those of its input.
const (
	inputJSON        = "cli-input-json"
	inputYAML        = "cli-input-yaml"
	generateSkeleton = "generate-cli-skeleton"
)

// What --generate-cli-skeleton makes an example of.
const (
	skeletonOfInput       = "input"
	skeletonOfOutput      = "output"
	skeletonOfInputAsYAML = "yaml-input"
)

var commonOptions = command.Options{
	{Name: inputJSON, Arity: command.OneValue, Lifts: true, Purpose: "Read the input from this JSON document, or from file://PATH. Options given as well win."},
	{Name: inputYAML, Arity: command.OneValue, Lifts: true, Purpose: "Read the input from this YAML document, or from file://PATH. Options given as well win."},
	{Name: generateSkeleton, Arity: command.OptionalValue, Preset: skeletonOfInput,
		Choices: []string{skeletonOfInput, skeletonOfOutput, skeletonOfInputAsYAML}, Lifts: true, LiftsNot: skeletonOfOutput,
		Purpose: "Print an example of the input or the output and send nothing."},
}

// The options that an operation whose answer has pages has besides.
const (
	startingToken = "starting-token"
	pageSize      = "page-size"
	maxItems      = "max-items"
)

var pagingOptions = command.Options{
	{Name: startingToken, Arity: command.OneValue, Purpose: "Go on where an earlier answer with NextToken stopped."},
	{Name: pageSize, Arity: command.OneValue, Purpose: "Items to ask for in one request."},
	{Name: maxItems, Arity: command.OneValue, Purpose: "Items to print at most; NextToken then tells how to go on."},
}

// operationOptions derives the options of an operation from its input.
func operationOptions(operation *api.Operation) command.Options {
	var all command.Options
	for _, member := range operation.Input.Members {
		all = append(all, command.Option{
			Name: command.Spell(member.Name), Arity: arityOf(member), Required: member.Required,
			Hidden: isPagingMember(operation, member), Purpose: member.Doc,
		})
	}
	all = append(all, commonOptions...)
	if operation.Paging != nil {
		all = append(all, pagingOptions...)
	}
	return all
}

func arityOf(member *api.Member) command.Arity {
	if member.Kind == api.List {
		return command.ManyValues
	}
	return command.OneValue
}

// isPagingMember reports whether the member is one that paging fills in by itself.
func isPagingMember(operation *api.Operation, member *api.Member) bool {
	paging := operation.Paging
	return paging != nil && (member.Name == paging.Token || member.Name == paging.Limit)
}

func operationWords(service *api.Service) []string {
	words := make([]string, len(service.Operations))
	for i, operation := range service.Operations {
		words[i] = command.Spell(operation.Name)
	}
	return words
}

func operationNamed(service *api.Service, word string) *api.Operation {
	for _, operation := range service.Operations {
		if command.Spell(operation.Name) == word {
			return operation
		}
	}
	return nil
}

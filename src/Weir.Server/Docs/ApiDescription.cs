using System.Text.RegularExpressions;

using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

using Weir.AspNetCore;

namespace Weir.Server;

/// <summary>The API's description: OpenAPI 3.1 at <c>/openapi/v1.json</c>.</summary>
internal static partial class ApiDescription
{
    private const string Scheme = "bearer";
    private const string ProblemSchema = "Problem";
    private const string ProblemType = "application/problem+json";

    private static readonly (string Status, string Description)[] s_problems =
    [
        ("400", "The request cannot be read, or is not valid; the place is named."),
        ("401", "A key is needed, or it is not known."),
        ("403", "The key may not do this."),
        ("503", "The store cannot be used now, or too much waits for it. Repeat with the same id."),
    ];

    public static void AddWeirOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(Describe);
        options.AddOperationTransformer(Complete);
    });

    private static Task Describe(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Weir",
            Version = "v1",
            Description = "Records usage exactly once, rates it into credits and money, and holds it to the plan at the moment of the action. "
                + "A denial is 200 with `allowed: false`; an error status never means \"not allowed\".",
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
        };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
        document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "A key of the workspace: `weir_live_…` or `weir_test_…`. Some calls also, or only, take a portal token: `weir_portal_…`.",
        };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal);
        document.Components.Schemas[ProblemSchema] = Problem();
        return Task.CompletedTask;
    }

    private static Task Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters ??= [];
        foreach (Match match in RouteParameter().Matches(context.Description.RelativePath ?? ""))
        {
            string name = match.Groups["name"].Value;
            if (!operation.Parameters.Any(p => p.In == ParameterLocation.Path && p.Name == name))
            {
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = name,
                    In = ParameterLocation.Path,
                    Required = true,
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                });
            }
        }

        // Only routing has to know that a body which may be left out may also be without a type.
        operation.RequestBody?.Content?.Remove("*/*");
        foreach (QueryParameter query in context.Description.ActionDescriptor.EndpointMetadata.OfType<QueryParameter>())
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = query.Name,
                In = ParameterLocation.Query,
                Description = query.Description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        ScopeMetadata? scope = context.Description.ActionDescriptor.EndpointMetadata.OfType<ScopeMetadata>().LastOrDefault();
        if (scope is null)
        {
            return Task.CompletedTask;
        }

        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        operation.Description = $"{operation.Description}\n\n{ScopeOf(scope, context.Description.ActionDescriptor.EndpointMetadata.OfType<PortalMetadata>().LastOrDefault())}".TrimStart();
        operation.Responses ??= [];
        foreach ((string status, string description) in s_problems)
        {
            if (!operation.Responses.ContainsKey(status))
            {
                operation.Responses.Add(status, new OpenApiResponse
                {
                    Description = description,
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                    {
                        [ProblemType] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(ProblemSchema, context.Document) },
                    },
                });
            }
        }

        return Task.CompletedTask;
    }

    private static string ScopeOf(ScopeMetadata scope, PortalMetadata? portal) => portal switch
    {
        { Use: PortalUse.Only } => "Portal tokens only.",
        { Use: PortalUse.OwnAccount } => $"Scope: `{scope.Scope.ToString().ToLowerInvariant()}`, or a portal token of the account.",
        _ => $"Scope: `{scope.Scope.ToString().ToLowerInvariant()}`{(scope.Operator ? ", of the workspace `default`" : "")}.",
    };

    private static OpenApiSchema Problem() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "What is wrong, where, and what to do instead (RFC 9457).",
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "code", "detail" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The page that explains the code, relative to the server." },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "A stable word." },
            ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Items = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
                    {
                        ["pointer"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "JSON pointer (RFC 6901) into the body." },
                        ["parameter"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The parameter of the path or the query." },
                        ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String },
                        ["line"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
                        ["column"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
                    },
                },
            },
        },
    };

    [GeneratedRegex(@"\{(?<name>[^}:?*]+)[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RouteParameter();
}

using System.Net;
using System.Text;

using Markdig;

namespace Weir.Server;

/// <summary>What a person reads in a browser: the reference of the API at <c>/docs</c>, and a page for each problem. Nothing is fetched from elsewhere.</summary>
internal static class DocsEndpoints
{
    private const string Prefix = "problems/";

    private static readonly MarkdownPipeline s_markdown = new MarkdownPipelineBuilder().UsePipeTables().DisableHtml().Build();

    public static void MapDocs(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        // Only requests for the page pass its middleware.
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase), docs => docs.UseSwaggerUI(ui =>
        {
            ui.RoutePrefix = "docs";
            ui.DocumentTitle = "Weir API";
            ui.SwaggerEndpoint("/openapi/v1.json", "Weir v1");
            ui.EnableValidator(null);
            ui.EnableFilter();
            ui.DisplayOperationId();
            ui.DefaultModelsExpandDepth(-1);
        }));
        app.MapGet("/docs/problems", () => Page("README") ?? Results.NotFound()).ExcludeFromDescription();
        app.MapGet("/docs/problems/{code}", (string code) => Page(Path.GetFileNameWithoutExtension(code)) ?? Results.NotFound()).ExcludeFromDescription();
    }

    /// <summary>The page of a problem's code, or null when there is none.</summary>
    private static IResult? Page(string code)
    {
        using Stream? resource = typeof(DocsEndpoints).Assembly.GetManifestResourceStream(Prefix + code);
        if (resource is null)
        {
            return null;
        }

        using StreamReader reader = new(resource, Encoding.UTF8);
        string html = $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{{WebUtility.HtmlEncode(code)}} – Weir</title>
            <style>
            body { font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #1c2733; background: #fff }
            code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: #f2f4f7; border-radius: 4px }
            code { padding: .1em .3em } pre { padding: .8rem 1rem; overflow-x: auto } pre code { padding: 0 }
            table { border-collapse: collapse } th, td { border-bottom: 1px solid #d8dee6; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top }
            a { color: #0b5cad }
            @media (prefers-color-scheme: dark) { body { color: #dbe3ec; background: #12181f } code, pre { background: #1d2631 } a { color: #6db3f8 } th, td { border-color: #344150 } }
            </style>
            </head>
            <body>
            {{Markdown.ToHtml(reader.ReadToEnd(), s_markdown)}}
            <p><a href="/docs/problems">All problems</a> · <a href="/docs">API reference</a></p>
            </body>
            </html>
            """;
        return Results.Content(html, "text/html", Encoding.UTF8);
    }
}

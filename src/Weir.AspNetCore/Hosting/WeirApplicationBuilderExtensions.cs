using System.ComponentModel.DataAnnotations;

using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Weir.AspNetCore;

public static class WeirApplicationBuilderExtensions
{
    /// <summary>
    /// Lets <c>.RequireAllowance(…)</c> and <c>.RecordUsage(…)</c> act. Call it after routing, authentication and authorization, so that
    /// who calls is known, and after <c>UseForwardedHeaders</c>, so that addresses are the clients'.
    /// </summary>
    /// <param name="configure">Changes the options that the services have.</param>
    /// <exception cref="OptionsValidationException">An option is out of its range.</exception>
    public static IApplicationBuilder UseWeir(this IApplicationBuilder app, Action<WeirHostOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        WeirHostOptions options = app.ApplicationServices.GetRequiredService<IOptions<WeirHostOptions>>().Value;
        configure?.Invoke(options);
        List<ValidationResult> errors = [];
        if (!Validator.TryValidateObject(options, new ValidationContext(options), errors, validateAllProperties: true))
        {
            throw new OptionsValidationException(nameof(WeirHostOptions), typeof(WeirHostOptions), errors.Select(error => error.ErrorMessage ?? "An option is out of its range."));
        }

        HeldCalls held = ActivatorUtilities.CreateInstance<HeldCalls>(app.ApplicationServices);
        Admissions admissions = ActivatorUtilities.CreateInstance<Admissions>(app.ApplicationServices, options, held);
        return app.UseMiddleware<UsageMiddleware>(options, admissions, held);
    }
}

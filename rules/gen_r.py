"""Writes r_functions.tsv: what functions of R do that a function kept in a file
can call. "inert" computes on its arguments and reaches nothing else; "apply" calls
another function that it is handed; "native" calls compiled code of a loaded
package by a symbol; "indirect" calls or finds what its arguments name; every other
word says what a call reaches. Functions that are
not listed are not known. The names are those of base, stats, utils and methods of
R 4, under the package "*"; one of another package is listed with it."""

import pathlib

INERT = """
( { [ [[ $ @ + - * / ^ %% %/% %*% %in% %o% == != < > <= >= & && | || ! : ~ if for while repeat break next return function
<- = <<- [<- [[<- $<- @<-  |> :: ::: abs acos acosh all all.equal any anyNA aperm append  aperm.default array arrayInd as.character
as.complex as.data.frame as.Date as.double as.factor as.integer as.list as.logical as.matrix as.name as.numeric as.numeric_version
as.ordered as.POSIXct as.symbol as.table as.vector asin asinh atan atan2 atanh attr attr<- attributes besselI besselJ besselK beta bitwAnd
bitwOr c casefold cat cbind ceiling character charmatch chartr chol chol2inv class class<- col colMeans colnames colnames<- colSums complete.cases
complex Conj cos cosh cospi crossprod cummax cummin cumprod cumsum cut data.frame date dbeta dbinom dcauchy dchisq deparse dexp det df dgamma
dgeom dhyper diag diag<- diff difftime digamma dim dim<- dimnames dimnames<- dlnorm dlogis dnbinom dnorm double dpois dt dunif
duplicated dweibull eigen emptyenv environmentName exp expand.grid expm1 factor factorial family fft finite fitted fitted.values floor for
format format.Date formatC  gamma gaussian gettext gettextf gl grepl gsub head identical identity ifelse Im integer interaction intersect
inverse.rle invisible is.array is.character is.complex is.data.frame is.double is.element is.environment is.factor is.finite is.function is.infinite
is.integer is.list is.logical is.matrix is.na is.name is.nan is.null is.numeric is.object is.ordered is.symbol is.unsorted is.vector isFALSE
isTRUE jitter  labels lbeta lchoose choose length length<- levels levels<- lfactorial lgamma list list2DF log log10 log1p log2 logb logical
logit lower.tri make.names make.unique margin.table match match.arg matrix max mean median merge message min missing Mod mode model.response model.weights model.offset na.omit names names<- nargs nchar NCOL ncol NROW nrow nlevels noquote norm nrow numeric
numeric_version oldClass oldClass<- order paste paste0 pbeta pbinom pcauchy pchisq pexp pf pgamma pgeom phyper plnorm plogis pmatch pmax pmin
pnbinom pnorm poly polyroot ppois pretty prettyNum prod prop.table proportions psigamma pt punif pweibull qbeta qbinom qcauchy qchisq
qexp qf qgamma qlnorm qlogis qnbinom qnorm qpois qr qr.coef qr.fitted qr.Q qr.qty qr.qy qr.R qr.resid qr.solve qr.X qt quantile quarters quote qunif qweibull
R.Version range rank rbeta rbind rbinom rchisq rcauchy Re regexpr regmatches rep rep.int rep_len replace residuals resid rev rexp rf rgamma rgeom rle rlnorm rlogis rnbinom rnorm
round row row.names row.names<- rowMeans rownames rownames<- rowsum rowSums rpois rt runif rweibull sample sample.int scale sd seq seq.int seq_along seq_len
setdiff sign signif simpleError sin sinh sinpi slice.index solve sort split sprintf sqrt startsWith endsWith stop stopifnot storage.mode storage.mode<- strsplit
strtrim structure sub substr substring sum svd switch t tabulate tail tan tanh tanpi tcrossprod tolower toupper trigamma trimws
trunc typeof unclass union unique unlist unname unsplit upper.tri validity var cov cor vector warning weekdays weighted.mean which which.max which.min
xor zapsmall weights deviance nobs df.residual coef coefficients approx .approxfun .splinefun spline splinefunH0 nlevels is.primitive getOption
bitwXor rawToChar charToRaw as.raw utf8ToInt intToUtf8 rev.default nchar sprintf binomial poisson Gamma inverse.gaussian quasi quasibinomial quasipoisson make.link power pi isSymmetric
MASS::gamma.shape stats::fitted rpart::formatg formatg formatg.default statmod::rinvgauss SuppDists::rinvGauss   nclass.Sturges
"""
APPLY = "apply lapply sapply vapply"
NATIVE = ".Call .External .External2 .C .Fortran .Call.graphics .External.graphics"
REACH = {
    "process": "system system2 shell shell.exec pipe fork mcfork mcparallel mclapply parLapply makeCluster makePSOCKcluster clusterCall clusterEvalQ "
               "parallel::mcparallel parallel::makeCluster processx::run callr::r sys::exec_wait tools::pskill",
    "code": "eval evalq eval.parent parse str2lang str2expression source sys.source body<- "
            "assignInNamespace assignInMyNamespace fixInNamespace delayedAssign makeActiveBinding compile cmpfun loadcmp trace "
            "reg.finalizer addTaskCallback setHook registerS3method .S3method base::eval base::parse rlang::eval_tidy "
            ".BaseNamespaceEnv .GlobalEnv .AutoloadEnv .userHooksEnv .Options "
            "reticulate::py_run_string reticulate::py_run_file reticulate::source_python V8::v8",
    "indirect": "baseenv globalenv environment parent.env parent.frame formula as.formula xy.coords kronecker "
                "do.call match.fun get get0 mget dynGet getAnywhere getFromNamespace Reduce Filter Map mapply outer sweep aggregate tapply by Vectorize rapply "
                "eapply environment<- assign attach sys.function local with within utils::getFromNamespace setClass setMethod setRefClass invokeRestart Rprof",
    "load": "library require loadNamespace requireNamespace attachNamespace install.packages update.packages dyn.load library.dynam "
            "lazyLoad lazyLoadDBfetch .Internal getNamespace asNamespace remotes::install_github devtools::install_github devtools::load_all "
            "Rcpp::sourceCpp Rcpp::cppFunction inline::cfunction sourceCpp cppFunction",
    "network": "download.file url url.show socketConnection serverSocket curl::curl curl::curl_download curl::curl_fetch_memory httr::GET httr::POST httr2::request RCurl::getURL "
               "browseURL make.socket nsl socketSelect",
    "file": "unserialize readRDS load qs::qread base::readRDS base::load file gzfile bzfile xzfile unz fifo writeLines readLines readline scan write write.table write.csv read.table read.csv readBin writeBin sink dput dget dump "
            "save saveRDS save.image serialize unlink file.remove file.rename file.copy file.create file.append file.symlink dir.create list.files Sys.chmod "
            "Sys.glob setwd file.show file.edit open untar unzip zip tar readRenviron history loadhistory savehistory capture.output",
    "environment": "Sys.setenv Sys.unsetenv Sys.getenv options Sys.setlocale q quit ",
}
rows = {}
for effect, names in [("inert", INERT), ("apply", APPLY), ("native", NATIVE)] + sorted(REACH.items()):
    for name in names.split():
        package, _, function = name.rpartition("::") if name.strip(":") else ("", "", name)
        rows[package or "*", function] = effect
with open(pathlib.Path(__file__).parent / "lists" / "r_functions.tsv", "w") as f:
    f.write("package\tname\teffect\n")
    for (package, name), effect in sorted(rows.items(), key=lambda r: (r[0][0].encode(), r[0][1].encode())):
        f.write(f"{package}\t{name}\t{effect}\n")
